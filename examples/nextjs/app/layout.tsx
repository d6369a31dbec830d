import type { Metadata, Viewport } from 'next'
import type { ReactNode } from 'react'
import '@/styles/theme.css'
import '@/styles/page.css'
import '@/styles/packages.css'
import '@/styles/sources.css'

export const metadata: Metadata = {
  title: 'Package catalogue',
  description: 'The packages of all sources, merged into one catalogue.',
}

export const viewport: Viewport = { colorScheme: 'light dark' }

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  )
}
