// In the page's head, before anything else runs. The framework opens a stream of messages when an
// event is sent, and the server ends it as soon as nothing is pending. Two things go wrong:
//
// - An event that leaves while the stream is ending still finds it open, so nobody opens another
//   one, and what it brings is never heard. Then `unheard` says so; page.js sends one more event,
//   which opens a stream, and everything that waits comes with it.
// - An event that is over before its own stream is open leaves that stream open, with nothing to
//   come. Then the message that ends it is put in here: a browser has six connections to a host.
(() => {
  const real = window.fetch;
  const sent = new Set(), over = new Set();  // events that haven't ended; ended before we knew them
  let streams = 0, leaving = 0, looking = 0;

  const unheard = () => {
    clearTimeout(looking);
    looking = setTimeout(() => {
      if (sent.size && !streams && !leaving) window.dispatchEvent(new Event("unheard"));
    }, 60);
  };

  function heard(line) {
    const id = line.includes('"msg":"process_completed"') && /"event_id":"(\w+)"/.exec(line)?.[1];
    if (id && !sent.delete(id)) over.add(id);
  }

  async function listen(args) {
    const before = [...sent], decoder = new TextDecoder(), encoder = new TextEncoder();
    let rest = "", open = true;
    streams += 1;
    const ended = () => {
      if (!open) return;
      open = false;
      streams -= 1;
      for (const id of before) sent.delete(id);  // the server says that nothing of them is pending
      unheard();
    };
    args[0]?.signal?.addEventListener("abort", ended);
    let response = null;
    try {
      response = await real(...args);
    } finally {
      if (!response?.ok) ended();
    }
    if (!response.ok) return response;
    const idle = (out) => setTimeout(() => {
      if (!open || sent.size || leaving) return;
      out.enqueue(encoder.encode('data: {"msg":"close_stream"}\n\n'));
    }, 500);
    const body = response.body.pipeThrough(new TransformStream({
      start: idle,
      transform(chunk, out) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
        rest = lines.pop();
        lines.forEach(heard);
        out.enqueue(chunk);
        idle(out);
      },
      flush: ended,
    }));
    return new Response(body, response);
  }

  window.fetch = async (...args) => {
    const address = String(args[0]?.url ?? args[0]);
    if (address.includes("/queue/data?")) return listen(args);
    if (!address.includes("/queue/join")) return real(...args);
    leaving += 1;
    try {
      const response = await real(...args);
      const id = response.ok && (await response.clone().json()).event_id;
      if (id && !over.delete(id)) sent.add(id);
      return response;
    } finally {
      leaving -= 1;
      unheard();
    }
  };
})();
