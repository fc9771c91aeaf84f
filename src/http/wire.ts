/** A request as the hot endpoints see it: bytes already read, nothing of `node:http` left. */
export interface WireRequest {
  readonly method: string
  /** The path as received, still percent-encoded, without the query. */
  readonly rawPath: string
  /** The query as received, without `?`. */
  readonly rawQuery: string
  /** Name (lower case) and value pairs in wire order, repeats kept. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  readonly origin: import('../audit/event.js').RequestOrigin
}

export interface WireResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A set of endpoints mounted in front of the Express application. */
export interface WireRoom {
  /** What metrics call it; `wire` when absent. */
  readonly name?: string
  /** Whether this request is for this room; must be cheap and look at method, path, query and content type only. */
  accepts(method: string, rawPath: string, rawQuery: string, contentType: string): boolean
  /** Bytes of body beyond which the answer is 413. */
  readonly maxBodyBytes: number
  /** Never rejects: every failure becomes a response. */
  handle(request: WireRequest): Promise<WireResponse>
  /** The answer to a body that is too long. */
  tooLarge(requestId: string): WireResponse
}
