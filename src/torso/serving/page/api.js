// Requests to the server that the page came from, and its answers when something is wrong.

/** A refusal of the server: its code, message and cure, and the row's column where it names one. */
export class Refused extends Error {
  constructor(status, body, retry = 0) {
    super(body.message ?? `HTTP ${status}`);
    this.status = status;
    this.code = body.code ?? (status ? "internal" : "unreachable");
    this.cure = body.cure ?? "";
    this.column = body.column ?? null;
    this.request = body.request_id ?? "";
    this.retry = retry;
  }
}

export class Api {
  /** `askToken` returns a promise of a token; it stays in memory alone. */
  constructor(askToken, language) {
    this.askToken = askToken;
    this.language = language; // in which the server refuses and notes
    this.token = null;
    this.base = "";
  }

  /** Return the response; a `Refused` where the server refuses, or cannot be reached. */
  async fetch(path, { method = "GET", body = null, type = null, signal = null, whole = false } = {}) {
    // Relative, so that the page works below any prefix of a proxy.
    const below = whole ? "" : this.base.replace(/^\//, "");
    const address = new URL(below ? `${below}/${path}` : path, document.baseURI);
    for (;;) {
      const headers = { "Accept-Language": this.language };
      if (type) headers["Content-Type"] = type;
      if (this.token) headers.Authorization = `Bearer ${this.token}`;
      let response;
      try {
        response = await fetch(address, { method, body, headers, signal, credentials: "same-origin" });
      } catch (error) {
        if (error.name === "AbortError") throw error;
        throw new Refused(0, {});
      }
      if (response.ok) return response;
      const told = await response.json().catch(() => ({}));
      if (response.status === 401) {
        this.token = await this.askToken(this.token !== null);
        continue;
      }
      throw new Refused(response.status, told, Number(response.headers.get("Retry-After") ?? 0));
    }
  }

  async json(path, options) {
    return (await this.fetch(path, options)).json();
  }

  post(path, body, signal) {
    return this.json(path, { method: "POST", body: JSON.stringify(body), type: "application/json", signal });
  }
}
