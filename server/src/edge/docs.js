// Shows the document of the API as a page. Everything is put in as text, never as markup.

const METHODS = ["get", "post", "put", "patch", "delete"];

/** An element with attributes and children; strings become text. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.flat());
  return element;
}

const document_ = await (await fetch("/openapi.json")).json();

const resolve = (schema) => (schema?.$ref ? document_.components.schemas[schema.$ref.split("/").pop()] : schema);
const nameOf = (schema) => schema?.$ref?.split("/").pop();

/** A few words for the kind of value a schema stands for. */
function kind(schema) {
  if (!schema || schema === true) return "any";
  if (schema.$ref) return nameOf(schema);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === "array" || schema.type?.includes?.("array")) return `list of ${kind(schema.items)}`;
  const any = schema.anyOf ?? schema.oneOf;
  if (any) return any.map(kind).filter((word) => word !== "null").join(" or ");
  return [schema.type].flat().filter((type) => type !== "null").join(" or ") || "object";
}

/** A text in which what stands in back quotes is code. */
const prose = (text) => (text ?? "").split("`").map((part, at) => (at % 2 ? el("code", {}, part) : part));

function row(name, kindText, about, deprecated = false) {
  const label = el("code", deprecated ? { class: "deprecated" } : {}, name);
  return el("tr", {}, el("td", {}, label), el("td", { class: "kind" }, kindText), el("td", {}, prose(about)));
}

/** The members of a schema as a table; what is behind a name can be opened. */
function members(schema, seen = []) {
  const shape = resolve(schema);
  if (shape?.type === "array" && shape.items?.oneOf) {
    const forms = shape.items.oneOf.map(({ properties: { op, path, value } }) => row(`${op.const} ${path.const}`, kind(value)));
    return el("table", {}, forms);
  }
  const required = shape?.required ?? [];
  const rows = Object.entries(shape?.properties ?? {}).map(([name, member]) =>
    row(required.includes(name) ? `${name} *` : name, kind(member), member.description ?? resolve(member)?.description));
  const inner = Object.values(shape?.properties ?? {})
    .map((member) => member.items ?? member.additionalProperties ?? member)
    .filter((member) => nameOf(member) && !seen.includes(nameOf(member)))
    .map((member) => el("details", {}, el("summary", {}, nameOf(member)), members(member, [...seen, nameOf(member)])));
  return el("div", {}, el("table", {}, rows), inner);
}

// What is sent or answered: as JSON, or in the only other way there is.
function schemaOf(content) {
  return content && (content["application/json"] ?? Object.values(content)[0]).schema;
}

function operation(path, method, item) {
  const parts = [
    el("h3", {}, item.summary),
    el("p", { class: "address" }, el("span", { class: `method ${method}` }, method), ` ${path}`),
  ];
  const scope = item["x-rolecall-scope"];
  const who = item.security.length === 0 ? "No credential needed." : scope ? `Needs the scope ${scope}.` : "For any user of the tenant.";
  parts.push(el("p", { class: "notes" }, who));
  if (item.parameters) {
    const rows = item.parameters.map((parameter) => row(parameter.name, kind(parameter.schema), parameter.description, parameter.deprecated));
    parts.push(el("h4", {}, "Parameters"), el("table", {}, rows));
  }
  const body = schemaOf(item.requestBody?.content);
  if (body) parts.push(el("h4", {}, "Body"), members(body));
  const [success] = Object.keys(item.responses);
  const answer = schemaOf(item.responses[success].content);
  parts.push(el("h4", {}, `Answer ${success}`), answer ? members(answer) : el("p", { class: "notes" }, item.responses[success].description));
  const errors = Object.keys(item.responses).slice(1).join(", ");
  if (errors) parts.push(el("p", { class: "notes" }, `Errors: ${errors}`));
  return el("section", { id: item.operationId }, parts);
}

const contents = document.getElementById("contents");
const operations = document.getElementById("operations");
document.getElementById("summary").textContent = `${document_.info.summary}. Version ${document_.info.version}.`;

const rooms = new Map();
for (const [path, item] of Object.entries(document_.paths)) {
  for (const method of METHODS.filter((method) => item[method])) {
    const [room] = item[method].tags;
    if (!rooms.has(room)) rooms.set(room, []);
    rooms.get(room).push([path, method, item[method]]);
  }
}
operations.replaceChildren();
for (const [room, all] of rooms) {
  const links = all.map(([path, method, item]) =>
    el("a", { href: `#${item.operationId}`, title: path }, el("span", { class: `method ${method}` }, method), item.summary));
  contents.append(el("div", {}, el("h2", {}, room.replace("_", " ")), links));
  operations.append(...all.map(([path, method, item]) => operation(path, method, item)));
}

document.getElementById("search").addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const section of operations.children) section.hidden = !section.textContent.toLowerCase().includes(wanted);
  for (const link of contents.querySelectorAll("a")) link.hidden = document.getElementById(link.hash.slice(1)).hidden;
});
document.getElementById(location.hash.slice(1))?.scrollIntoView();
