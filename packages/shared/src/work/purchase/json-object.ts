/** JSON that can be stored in the order row and read back unchanged; recovery uses it alone. */
export type JsonObject = { readonly [key: string]: unknown };
