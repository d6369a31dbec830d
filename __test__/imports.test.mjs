import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { checkImports } from '../scripts/check-imports.mjs'

const GOOD = {
  'Cargo.toml': '[package]\nname = "x"\n[dependencies]\nserde-json = "1"\n',
  'src/lib.rs':
    'pub mod bindings; pub mod error; pub mod index; pub mod manager; pub mod model; pub mod source;\npub use error::Error;\n',
  'src/error.rs': 'pub struct Error;\n',
  'src/model/mod.rs': 'mod id;\nuse crate::error::Error;\nfn f() { serde_json::from_str("crate::manager::Manager") }\n',
  'src/model/id.rs':
    "use super::super::Error;\n// use crate::manager;\nconst Q: char = '\"';\nstruct S<'a>(&'a str);\n",
  'src/source/mod.rs':
    'use crate::{error::{self, Error as E}, model::*};\nmod tests { use super::*; use super::super::model; }\n',
  'src/index/mod.rs': 'use crate::source::Source;\n',
  'src/manager.rs': '/* a /* nested */ napi:: comment */ use crate::{index, source};\n',
  'src/bindings/mod.rs': 'use napi_derive::napi;\nuse crate::manager;\n#[napi] fn f() {}\n',
  'index.js': "module.exports = require('./face/core.js')\n",
  'browser.mjs': "export * from './face/pure.mjs'\n",
  'face/core.js': "const native = require('../binding.js')\n",
  'face/pure.mjs': "/** @import { X } from '../index.js' */\nexport const one = 1\n",
}

/** The violations in a tree that is good but for these files. */
function violations(files) {
  const root = mkdtempSync(join(tmpdir(), 'imports-'))
  try {
    for (const [path, text] of Object.entries({ ...GOOD, ...files })) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return checkImports(root).violations
  } finally {
    rmSync(root, { recursive: true })
  }
}

test('a tree whose imports run downwards passes', () => {
  assert.deepEqual(violations({}), [])
})

const BAD = {
  'an import from above': [
    { 'src/model/id.rs': '\nuse crate::manager::Manager;' },
    'src/model/id.rs:2: `model` imports `manager`, which lies above it',
  ],
  'a neighbour': [
    { 'src/index/merge.rs': 'fn f() -> crate::resolver::X {}' },
    'src/index/merge.rs:1: `index` imports `resolver`, which lies beside it',
  ],
  'a branch of a group': [
    { 'src/source/local.rs': 'use crate::{\n  error,\n  index::{a, b},\n};' },
    'src/source/local.rs:3: `source` imports `index`, which lies above it',
  ],
  'a way up through super': [
    { 'src/source/http/mod.rs': 'mod inner { use super::super::super::manager::M; }' },
    'src/source/http/mod.rs:1: `source` imports `manager`, which lies above it',
  ],
  'a way up through a name that lib.rs hands on': [
    { 'src/lib.rs': 'pub use error::Error; pub use manager::Manager;', 'src/error.rs': 'use crate::Manager;' },
    'src/error.rs:1: `error` imports `manager`, which lies above it',
  ],
  'a path in the body of a test': [
    { 'src/error.rs': '#[cfg(test)]\nmod tests { fn f() { crate::model::id() } }' },
    'src/error.rs:2: `error` imports `model`, which lies above it',
  ],
  'a resolver that knows sources': [
    { 'src/resolver/mod.rs': 'use crate::source::Source;' },
    'src/resolver/mod.rs:1: `resolver` imports `source`: the resolver sees only its provider trait',
  ],
  'a module without a floor': [
    { 'src/util.rs': 'fn f() {}' },
    'src/util.rs:1: `util` has no floor: give it one in scripts/lib/check-crate.mjs',
  ],
  'napi in the core': [
    { 'src/manager.rs': 'use napi::Env;' },
    'src/manager.rs:1: `napi` belongs under src/bindings alone',
  ],
  'a napi attribute in the core': [
    { 'src/model/id.rs': '#[napi(object)]\nstruct S;' },
    'src/model/id.rs:1: `napi` belongs under src/bindings alone',
  ],
  'a dependency that nothing uses': [{ 'src/model/mod.rs': 'mod id;' }, 'Cargo.toml:4: nothing uses `serde-json`'],
  'a face that reads files': [
    { 'face/core.js': "require('node:fs')" },
    "face/core.js:1: `node:fs` is not for the face: files and network are the core's",
  ],
  'a face that asks the network': [
    { 'face/core.js': "\nawait import('http')" },
    "face/core.js:2: `http` is not for the face: files and network are the core's",
  ],
  'a face that leaves its folder': [
    { 'face/core.js': "require('../scripts/test.mjs')" },
    'face/core.js:1: `../scripts/test.mjs` leads out of the face',
  ],
  'a browser door to the native part': [
    { 'face/pure.mjs': "import './core.js'" },
    "face/core.js:1: a browser can't load `../binding.js`",
  ],
}

for (const [what, [files, ...expected]] of Object.entries(BAD)) {
  test(`caught: ${what}`, () => assert.deepEqual(violations(files), expected))
}
