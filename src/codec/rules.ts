import type { Serializer } from "../adapter.ts"
import { isRecord, type Rule, rule } from "../base/rules.ts"
import type { CodecOptions } from "./codec.ts"

/** The rules of {@link CodecOptions}. The members of `compress` and `encrypt` are checked when a codec is made. */
export const codecRules: Readonly<Record<Exclude<keyof CodecOptions, "onTrouble">, Rule>> = {
  serializer: /* @__PURE__ */ rule(isSerializer, "{ name, stringify, parse }"),
  compress: /* @__PURE__ */ rule(
    (value) => typeof value === "boolean" || isRecord(value),
    "true, false, or { threshold, format }",
  ),
  encrypt: /* @__PURE__ */ rule(
    (value) => value === false || isRecord(value),
    "false, or { keys: [{ id, key }] }",
  ),
}

function isSerializer(value: unknown): boolean {
  const { name, stringify, parse }: Partial<Serializer> = Object(value)
  return typeof name === "string" && typeof stringify === "function" && typeof parse === "function"
}
