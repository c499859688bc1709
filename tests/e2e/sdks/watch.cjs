// Notes every host that this process connects to, in the file that WATCHED names, and says each answer that it gets. For
// `node --require`.
const { subscribe } = require("node:diagnostics_channel")
const { appendFileSync } = require("node:fs")
const net = require("node:net")

const connect = net.Socket.prototype.connect
net.Socket.prototype.connect = function (...args) {
  const [first, second] = Array.isArray(args[0]) ? args[0] : args
  const options = typeof first === "object" ? first : { port: first, host: second }
  if (options.port !== undefined) appendFileSync(process.env.WATCHED, `${options.host ?? "localhost"}:${options.port}\n`)
  return connect.apply(this, args)
}

const say = (what) => console.log(new Date().toISOString(), what)
subscribe("undici:request:headers", ({ response }) => say(response.statusCode))
subscribe("undici:request:error", ({ error }) => say(error.message))
subscribe("http.client.response.finish", ({ response }) => say(response.statusCode))
