import { shortKey } from "../base/errors.ts"

/**
 * The path of a part of a value, for messages: `value.list[0]["odd name"]`. It shows property names and no values, and
 * eleven steps at most.
 *
 * @param steps - From the outside in: property names, or the segments of the Standard Schema specification.
 */
export function pathText(steps: readonly (PropertyKey | { readonly key: PropertyKey })[] = []): string {
  let path = "value"
  for (const step of steps.slice(0, 11)) {
    const at = String(Object(step).key ?? step)
    path += /^[a-z_$][\w$]*(\(\)\[\d+])?$/i.test(at) ? `.${at}` : `[${/^\d+$/.test(at) ? at : shortKey(at)}]`
  }
  return steps.length > 11 ? `${path}…` : path
}
