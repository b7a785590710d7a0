export type UploadTuning = { readonly lanes: number }
