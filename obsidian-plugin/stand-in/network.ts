/** requestUrl: a request without CORS, through the preview server, whole body at once. */

type Param = { url: string; method?: string; contentType?: string; body?: string | ArrayBuffer; headers?: Record<string, string>; throw?: boolean };
type Answer = { status: number; headers: Record<string, string>; arrayBuffer: ArrayBuffer; text: string; json: unknown };

export const slowness = { ms: 0 };

async function asked(given: Param | string): Promise<Answer> {
  const param = typeof given === "string" ? { url: given } : given;
  if (slowness.ms > 0) await new Promise((done) => window.setTimeout(done, slowness.ms));
  const headers = { ...param.headers, ...(param.contentType === undefined ? {} : { "Content-Type": param.contentType }) };
  const answer = await fetch("/preview/request", {
    method: "POST",
    headers: { "x-request": encodeURIComponent(JSON.stringify({ url: param.url, method: param.method ?? "GET", headers })) },
    body: param.body ?? null,
  });
  const failure = answer.headers.get("x-failure");
  if (failure !== null) throw new Error(decodeURIComponent(failure));
  const facts = JSON.parse(decodeURIComponent(answer.headers.get("x-answer") ?? "")) as { status: number; headers: Record<string, string> };
  const body = await answer.arrayBuffer();
  if (facts.status >= 400 && param.throw !== false) throw Object.assign(new Error(`Request failed, status ${facts.status}`), { status: facts.status, headers: facts.headers });
  return whole(facts.status, facts.headers, body);
}

function whole(status: number, headers: Record<string, string>, arrayBuffer: ArrayBuffer): Answer {
  const text = new TextDecoder().decode(arrayBuffer);
  return {
    status,
    headers,
    arrayBuffer,
    text,
    // As in Obsidian, asking for the JSON of what is none throws.
    get json(): unknown {
      return JSON.parse(text) as unknown;
    },
  };
}

export function requestUrl(given: Param | string): Promise<Answer> & { text: Promise<string>; json: Promise<unknown>; arrayBuffer: Promise<ArrayBuffer> } {
  const answer = asked(given);
  const part = <T>(take: (answer: Answer) => T): { get: () => Promise<T> } => ({ get: () => answer.then(take) });
  return Object.defineProperties(answer, { text: part((a) => a.text), json: part((a) => a.json), arrayBuffer: part((a) => a.arrayBuffer) }) as never;
}

export const request = (given: Param | string): Promise<string> => requestUrl(given).text;
