/** Ways in which a storage takes two keys for one. */
export const folds: readonly (readonly [how: string, fold: (key: string) => string])[] = [
  ["in lower case", (key) => key.toLowerCase()],
  ["trimmed", (key) => key.trimEnd()],
  ["with one kind of line breaks", (key) => key.replaceAll("\r\n", "\n")],
  ["normalized", (key) => key.normalize("NFC")],
  ["lossy about surrogates", lossy],
  ["cut at NUL", (key) => key.split("\0")[0] ?? ""],
  ["cut at 512 characters", (key) => key.slice(0, 512)],
  ["read as paths", (key) => new URL(`x:/${key.slice(0, 999)}`).pathname + key.slice(999)],
  ["with blanks for plus signs", (key) => key.replaceAll("+", " ")],
  ["unescaped", (key) => key.replaceAll("%2F", "/")],
]

/** What a text becomes on its way through UTF-8. */
export function lossy(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text))
}
