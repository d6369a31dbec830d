'use client'

import Form from 'next/form'
import { type FormEvent, useEffect, useRef } from 'react'
import { LEVEL_NAMES } from '@/lib/level'
import { MAX_QUERY } from '@/lib/view'

const TYPING_PAUSE_MS = 150

interface Props {
  q: string
  level: number | undefined
  category: string
  categories: string[]
}

/** The search form: a plain GET form, which submits itself while one types where there is JavaScript. */
export function CatalogueForm({ q, level, category, categories }: Props) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])

  function submitSoon(event: FormEvent<HTMLFormElement>) {
    const form = event.currentTarget
    clearTimeout(timer.current)
    timer.current = setTimeout(
      () => form.requestSubmit(),
      event.target instanceof HTMLSelectElement ? 0 : TYPING_PAUSE_MS,
    )
  }

  return (
    <search>
      <Form action="/" replace scroll={false} prefetch={false} className="toolbar" onInput={submitSoon}>
        <div className="field field-search">
          <label htmlFor="q">Search</label>
          <input
            type="search"
            id="q"
            name="q"
            defaultValue={q}
            maxLength={MAX_QUERY}
            placeholder="Id, name, description or author"
            autoComplete="off"
          />
        </div>
        <div className="field">
          <label htmlFor="level">Level</label>
          <select id="level" name="level" defaultValue={level ?? ''}>
            <option value="">All levels</option>
            {LEVEL_NAMES.map((name, index) => (
              <option key={name} value={index + 1}>
                {index + 1} {name}
              </option>
            ))}
          </select>
        </div>
        <div className="field">
          <label htmlFor="category">Category</label>
          <select id="category" name="category" defaultValue={category}>
            <option value="">All categories</option>
            {withChosen(categories, category).map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </div>
        <button type="submit">Search</button>
      </Form>
    </search>
  )
}

// A lower level may have no package of the chosen category: the choice stays visible all the same.
function withChosen(categories: string[], chosen: string): string[] {
  return chosen === '' || categories.includes(chosen) ? categories : [...categories, chosen].sort()
}
