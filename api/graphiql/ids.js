// Operation ids: UUIDs of version 7, as RFC 9562 has them, which begin with the time and so stay in
// order in the service's index.
export function operationId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  new DataView(bytes.buffer).setBigUint64(0, BigInt(Date.now()) << 16n);
  crypto.getRandomValues(bytes.subarray(6));
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

// A text with every UUID in it replaced by a new one, the same for the same: so a hold and what
// resolves it still belong together.
export function renewed(text) {
  const made = new Map();
  return text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, (id) => {
    if (!made.has(id)) made.set(id, operationId());
    return made.get(id);
  });
}
