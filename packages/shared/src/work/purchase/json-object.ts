/** JSON that survives a round trip through the order row; recovery works from it alone. */
export type JsonObject = { readonly [key: string]: unknown };
