/** Worker threads have an environment of their own, which the native side can't see. */

function workingDirectory() {
  try {
    return process.cwd()
  } catch {
    // It was deleted. An absolute path still leads somewhere.
    return '/'
  }
}

module.exports = { workingDirectory }
