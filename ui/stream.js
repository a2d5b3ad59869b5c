// In the page's head, before anything else runs. The framework ends its stream of messages as soon
// as nothing is pending. An event that leaves at that very moment still finds the stream open, so
// nobody opens another one, and what it brings is never heard. Here it is noticed: an event was
// sent, no stream is open, and it hasn't come to its end. page.js then sends one more event, which
// opens a stream, and everything that waits comes with it.
(() => {
  const real = window.fetch;
  const sent = new Set(), over = new Set();  // events that haven't ended; ended before we knew them
  let streams = 0;

  const check = () => setTimeout(() => {
    if (sent.size && !streams) window.dispatchEvent(new Event("unheard"));
  }, 60);

  function listen(body, before) {
    const decoder = new TextDecoder();
    let line = "", open = true;
    return {
      body: body.pipeThrough(new TransformStream({
        transform(chunk, out) {
          line += decoder.decode(chunk, { stream: true });
          const lines = line.split("\n");
          line = lines.pop();
          for (const each of lines) {
            const id = each.includes('"msg":"process_completed"') && /"event_id":"(\w+)"/.exec(each)?.[1];
            if (id && !sent.delete(id)) over.add(id);
          }
          out.enqueue(chunk);
        },
        flush: () => ended(),
      })),
      ended,
    };
    function ended() {
      if (!open) return;
      open = false;
      streams -= 1;
      for (const id of before) sent.delete(id);  // the server says that nothing of them is pending
      check();
    }
  }

  window.fetch = async (...args) => {
    const address = String(args[0]?.url ?? args[0]);
    if (address.includes("/queue/data?")) {
      const before = [...sent];
      streams += 1;
      let response;
      try {
        response = await real(...args);
      } catch (error) {
        streams -= 1;
        throw error;
      }
      if (!response.ok || !response.body) {
        streams -= 1;
        return response;
      }
      const { body, ended } = listen(response.body, before);
      args[0]?.signal?.addEventListener("abort", ended);
      return new Response(body, response);
    }
    const response = await real(...args);
    if (address.includes("/queue/join?") && response.ok) {
      const id = (await response.clone().json()).event_id;
      if (!over.delete(id)) sent.add(id);
      check();
    }
    return response;
  };
})();
