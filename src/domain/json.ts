/** A value that survives `JSON.parse(JSON.stringify(x))` unchanged; what plugins may leave in a durable row. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
