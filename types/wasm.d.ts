// A .wasm import is a compiled module in Workers.
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
