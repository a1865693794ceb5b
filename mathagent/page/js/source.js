// Where the data is: in the page itself, or at the server that the page came from. Both give the same bytes.

/** The source of this page: `head()` and `chunk(number)` give decoded JSON. */
export function openSource() {
  return document.documentElement.dataset.source === "served"
    ? { head: () => fetched("data/head"), chunk: (number) => fetched(`data/chunk/${number}`) }
    : { head: () => embedded("head"), chunk: (number) => embedded(`chunk-${number}`) };
}

async function embedded(id) {
  const block = document.getElementById(id) ?? (await whenParsed(id));
  if (!block) throw new Error("this file is not whole: a part of its data is missing");
  return decoded(bytesOf(block.textContent));
}

/** Blocks stand after the script: the first screen does not wait for them. */
async function whenParsed(id) {
  if (document.readyState === "loading") {
    await new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
  }
  return document.getElementById(id);
}

function bytesOf(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

async function fetched(path) {
  let answer;
  try {
    answer = await fetch(path);
  } catch {
    throw new Error("the server has ended: start mathagent view again");
  }
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return decoded(new Uint8Array(await answer.arrayBuffer()));
}

async function decoded(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}
