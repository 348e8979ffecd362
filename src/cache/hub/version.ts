/**
 * Which version of a file some bytes are of. A publisher may change files between two visits, and no model or dictionary
 * may be made of both.
 */

export interface FileVersion {
  /** The hub's own name of the content: SHA-256 of what its large-file store holds, git's object id of other files. */
  oid?: string;
  /** What an answer called this state of the file: ETag, else Last-Modified. */
  validator?: string | null;
}

const OID = 'x-featurescope-oid';
const VALIDATOR = 'x-featurescope-validator';

/** Whether two names contradict each other. A name that only one side has tells nothing; then the length has to do. */
export function isOther(a: FileVersion, b: FileVersion): boolean {
  if (a.oid && b.oid) return a.oid !== b.oid;
  return Boolean(a.validator && b.validator) && a.validator !== b.validator;
}

/** As far as a page may see an answer's headers. */
export function validatorOf(headers: Headers): string | null {
  return headers.get('etag') ?? headers.get('last-modified');
}

/** Headers that keep the version with the file in Cache Storage. Entries of transformers.js have none. */
export function versionHeaders({ oid, validator }: FileVersion): Record<string, string> {
  return { ...(oid && { [OID]: oid }), ...(validator && { [VALIDATOR]: validator }) };
}

export function keptVersion(headers: Headers): FileVersion {
  const oid = headers.get(OID);
  return { ...(oid && { oid }), validator: headers.get(VALIDATOR) };
}
