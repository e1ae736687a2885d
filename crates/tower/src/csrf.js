// Adds the page's CSRF token to what scripts send to its own origin, and to forms they made.
(() => {
  "use strict";
  const meta = (name) => document.querySelector(`meta[name="csrf-${name}"]`);
  const text = (tag) => (tag && tag.getAttribute("content")) || "";
  const holder = meta("token");
  const header = text(meta("header"));
  const field = text(meta("param"));
  if (!holder || !header) return;

  const own = (url) => {
    try {
      return new URL(url, document.baseURI).origin === location.origin;
    } catch (_) {
      return false;
    }
  };
  const wants = (method, url) => !/^(GET|HEAD|OPTIONS|TRACE)$/i.test(method) && own(url);
  const take = () => {
    const token = text(holder);
    if (holder.hasAttribute("data-once")) holder.content = "";
    return token;
  };

  const { fetch } = window;
  window.fetch = async (input, init) => {
    const request = new Request(input, init);
    const waits = wants(request.method, request.url) && !request.headers.has(header);
    const token = waits && take();
    if (token) request.headers.set(header, token);
    return fetch(request);
  };

  const xhr = XMLHttpRequest.prototype;
  const { open, setRequestHeader, send } = xhr;
  const waiting = new WeakSet();
  xhr.open = function (...said) {
    // Read once: an object may say something else the second time.
    said = said.map((value, at) => (at < 2 ? `${value}` : value));
    open.apply(this, said);
    waiting[wants(...said) ? "add" : "delete"](this);
  };
  xhr.setRequestHeader = function (name, value) {
    if (String(name).toLowerCase() === header.toLowerCase()) waiting.delete(this);
    setRequestHeader.call(this, name, value);
  };
  xhr.send = function (body) {
    const token = waiting.delete(this) && take();
    if (token) setRequestHeader.call(this, header, token);
    send.call(this, body);
  };

  if (!field) return;
  const forms = HTMLFormElement.prototype;
  const { prepend } = Element.prototype;
  // Asked of prototypes: a form's inputs may be named like its methods.
  const elements = Object.getOwnPropertyDescriptor(forms, "elements").get;
  const ownerDocument = Object.getOwnPropertyDescriptor(Node.prototype, "ownerDocument").get;
  const submitters = new WeakMap();
  const leaves = (form) => {
    const submitter = submitters.get(form);
    const said = (name) => {
      const chosen = submitter && submitter.getAttribute("form" + name);
      return (chosen == null ? Element.prototype.getAttribute.call(form, name) : chosen) || "";
    };
    // In another document another `<base>` may count.
    const here = ownerDocument.call(form) === document;
    return !here || !/^post$/i.test(said("method")) || !own(said("action") || location.href);
  };
  const fields = (form) => [...elements.call(form)].filter((input) => input.name === field);
  const strip = (form) => {
    const ours = fields(form).filter((input) => input.hasAttribute("data-csrf"));
    ours.forEach((input) => input.remove());
    return ours.length > 0;
  };
  const settle = ({ target: form, submitter }) => {
    if (!(form instanceof HTMLFormElement)) return;
    submitters.set(form, submitter);
    if (leaves(form)) {
      strip(form);
      return;
    }
    const [there] = fields(form);
    const input = there || document.createElement("input");
    if (!there) {
      Object.assign(input, { type: "hidden", name: field, value: take() });
      input.setAttribute("data-csrf", "");
    }
    // First, so that no long file stands before it.
    if (input.value && input.hasAttribute("data-csrf")) prepend.call(form, input);
  };
  // First and last: what handlers in between change counts too.
  addEventListener("submit", settle, true);
  addEventListener("submit", settle);
  // A handler may have sent the form elsewhere and stopped the event.
  addEventListener("formdata", ({ target: form, formData }) => {
    if (form instanceof HTMLFormElement && leaves(form) && strip(form)) formData.delete(field);
  }, true);
  const { submit } = forms;
  forms.submit = function () {
    settle({ target: this });
    submit.call(this);
  };
})();
