/** Keys that storages tend to confuse, refuse, shorten or change. All different; none is a version token's. */
export function hostileKeys(): string[] {
  const long = "k".repeat(100_000)
  return [
    "",
    " ",
    "a",
    "A",
    "a ",
    " a",
    "a b",
    "a+b",
    "a\n",
    "a\nb",
    "a\r\nb",
    "a\0",
    "a\0b",
    "\0",
    ".",
    "..",
    "../a",
    "/",
    "//",
    "a/b",
    "a%2Fb",
    "%",
    "%00",
    "a:b",
    ":",
    "::",
    "a\\b",
    "\\",
    "*",
    "?",
    "[ab]",
    "_",
    "'",
    '"',
    "a;--",
    "~",
    "!",
    "=",
    "1",
    "01",
    "null",
    "undefined",
    "true",
    "NaN",
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "then",
    "\u00e9", // é in one character
    "e\u0301", // and in two
    "\u00df",
    "SS",
    "\u0130",
    "\u{1f600}",
    "\ufeffa", // with a byte order mark
    "\ufffd", // what a lone surrogate becomes when it is mistreated
    "\ud800",
    "\udc00",
    "a\ud800",
    "a\udbff",
    "\uffff",
    "x".repeat(511),
    "x".repeat(512),
    "x".repeat(513),
    "\u20ac".repeat(171), // 513 bytes in UTF-8
    "x".repeat(32_768),
    "x".repeat(40_000),
    long,
    `${long}a`,
    `${long}\ud800`,
  ]
}

/** A key in a message: shortened, with its length. */
export function named(key: string): string {
  return key.length > 40 ? `key of ${key.length} characters` : `key ${JSON.stringify(key)}`
}
