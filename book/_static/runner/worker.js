// Python in a worker: fetched when the first cell is run, kept for the cells that follow.
//
// In:  { code, pyodide, wheel }: code to run, and where Python and cnnlib's wheel are.
// Out: { type: "step", text }     what is being waited for
//      { type: "text", text }     what the code printed
//      { type: "done", result }   what became of it, see session.py
//      { type: "missing", text, alive }  something could not be fetched; is Python itself there?

let python, session;

class Missing extends Error {}

const step = (text) => postMessage({ type: "step", text });

/** Fetch, or say what is missing. */
async function fetched(url) {
  const response = await fetch(url).catch(() => null);
  if (!response?.ok) throw new Missing(url);
  return response;
}

async function start({ pyodide, wheel }) {
  step("Fetching Python …");
  const home = new URL(pyodide, location.href).href;
  const module = `${home}pyodide.mjs`;
  const { loadPyodide } = await import(module).catch(() => Promise.reject(new Missing(module)));
  python = await loadPyodide({ indexURL: home }).catch((error) => {
    throw new Missing(`${home} (${error.message})`);
  });
  step("Unpacking cnnlib …");
  const [code, packed] = await Promise.all([
    fetched(new URL("session.py", import.meta.url)).then((response) => response.text()),
    fetched(wheel).then((response) => response.arrayBuffer()),
  ]);
  python.unpackArchive(packed, "wheel");
  python.FS.writeFile("/home/pyodide/session.py", code);
  session = python.pyimport("session").Session();
}

/** The packages that code asks for; cnnlib is here already, what it needs is not. */
async function fetchPackages(code) {
  const wanted = [];
  if (/\bcnnlib\b(?!\.shapes\b)/.test(code)) wanted.push("numpy");
  if (/\bcnnlib\b.*\bplot\b/.test(code)) wanted.push("matplotlib");
  const problems = [];
  const options = {
    messageCallback: (text) => text.startsWith("Loading ") && step(`${text} …`),
    errorCallback: (text) => problems.push(text),
  };
  try {
    if (wanted.length) await python.loadPackage(wanted, options);
    await python.loadPackagesFromImports(code, options);
  } catch (error) {
    problems.push(error.message);
  }
  if (problems.length) throw new Missing(problems[0]); // one missing package means many
}

onmessage = async ({ data }) => {
  try {
    if (!session) await start(data);
    await fetchPackages(data.code);
    step("Running …");
    const emit = (text) => postMessage({ type: "text", text });
    postMessage({ type: "done", result: JSON.parse(session.run(data.code, emit)) });
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    postMessage({ type: "missing", text: error.message, alive: session !== undefined });
  }
};
