// The part of cli-progress that the backfill uses; the package brings no types.
declare module "cli-progress" {
  interface Bar {
    update(value: number, payload?: Record<string, string>): void;
    setTotal(total: number): void;
  }
  class MultiBar {
    constructor(options: Record<string, unknown>);
    create(total: number, start: number, payload?: Record<string, string>): Bar;
    log(text: string): void;
    update(): void;
    stop(): void;
  }
  const progress: { MultiBar: typeof MultiBar };
  export default progress;
}
