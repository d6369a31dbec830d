// The repositories below a directory, over HTTP and by `git daemon`. Answers with both URLs.

import { startGitDaemon } from '../../__test__/helpers/git/daemon.mjs'
import { startGitHttp } from '../../__test__/helpers/git/http-server.mjs'
import { cleanup } from '../git/cleanup.mjs'

const { directory } = JSON.parse(process.argv[2])

const scope = cleanup()
const http = await startGitHttp(scope, directory)
const daemon = await startGitDaemon(scope, directory)
process.once('disconnect', scope.run)
process.send({ http: http.url, daemon: daemon.url })
