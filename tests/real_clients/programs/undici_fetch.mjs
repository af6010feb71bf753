// fetch of Node.js, which is undici.

import { answerLines, chunked } from "./lines.mjs";

await answerLines(async (method, url, headers, body) => {
  const content = chunked ? new Blob([body]).stream() : body;
  const response = await fetch(url, { method, headers, ...(body && { body: content, duplex: "half" }) });
  return [response.status, await response.arrayBuffer()];
});
