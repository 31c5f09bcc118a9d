// A Worker that starts others: each in a new isolate, from code that it is sent. It tells how long an answer takes.
let count = 0

export default {
  async fetch(request, { LOADER }) {
    const code = await request.text()
    const load = () => ({
      compatibilityDate: "2026-07-01",
      mainModule: "main.js",
      modules: { "main.js": code },
    })
    // Workers count whole milliseconds: several isolates share one measurement.
    const isolates = 5
    let answer = ""
    const startedAt = performance.now()
    const workers = []
    for (let i = 0; i < isolates; i++) {
      const worker = LOADER.get(`worker ${count++}`, load).getEntrypoint()
      answer = await (await worker.fetch("http://worker/")).text()
      workers.push(worker)
    }
    const middle = performance.now()
    for (const worker of workers) await (await worker.fetch("http://worker/")).text()
    const end = performance.now()
    return Response.json({
      answer,
      first: (middle - startedAt) / isolates,
      second: (end - middle) / isolates,
    })
  },
}
