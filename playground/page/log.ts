/** The log's requests: one big-endian int32 key each. */
export async function readLog(): Promise<Int32Array> {
  const response = await fetch(new URL("../data/web12.bin.gz", import.meta.url))
  if (!response.ok || !response.body) throw new Error("The log cannot be had.")
  const bytes = await new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer()
  const view = new DataView(bytes)
  return Int32Array.from({ length: bytes.byteLength / 4 }, (_, at) => view.getInt32(at * 4))
}
