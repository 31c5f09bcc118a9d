import { shortKey } from "../base/errors.ts"

/**
 * The path of a part of a value, for messages: `value.list[0]["odd name"]`. It shows property names and no values, and
 * eleven steps at most.
 *
 * @param steps - From the outside in: property names, or objects with a name as their `key`.
 */
export function pathText(steps: readonly (PropertyKey | object)[] = []): string {
  let path = "value"
  for (const step of steps.slice(0, 11)) {
    const at = String(Object(step).key ?? step)
    path += /^[a-z_$][\w$]*(\(\)\[\d+])?$/i.test(at) ? `.${at}` : `[${/^\d+$/.test(at) ? at : shortKey(at)}]`
  }
  return steps.length > 11 ? `${path}…` : path
}
