/** Loaded into a server before its own code: says what memory it holds after a collection, when asked. */
process.on('message', () => {
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, external, rss } = process.memoryUsage()
  process.send({ heapUsed, external, rss })
})
process.channel.unref()
