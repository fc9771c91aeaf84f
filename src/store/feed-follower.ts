/**
 * The topics that follow the feed in this process. Each is followed for itself (`topic-follower.ts`); here is only
 * what concerns them together: how long all of them have been heard of, and the end.
 */
import { followTopic, type FeedTopic, type FollowedTopic, type FollowingDeps } from './topic-follower.js'

export interface FeedFollower {
  /** The topic begins at once and hears the feed from its start, whatever becomes of other topics. */
  listen(topic: FeedTopic): FollowedTopic
  /**
   * `catchUp` of every topic.
   * @throws {Fault} `StoreUnavailable` when one of them could not.
   */
  catchUp(): Promise<void>
  /** `heardAt` of the topic that is furthest behind; undefined until every one has heard the feed once. */
  heardAt(): Date | undefined
  /** Resolves when no look is under way any more. */
  close(): Promise<void>
}

/** @param deps.intervalMs from one look of a topic to its next. */
export function followFeed(deps: FollowingDeps): FeedFollower {
  const topics = new Set<FollowedTopic>()
  return {
    listen(topic) {
      const followed = followTopic(topic, deps)
      topics.add(followed)
      return {
        ...followed,
        async stop() {
          // Kept until then, so that `close` waits for it too.
          await followed.stop()
          topics.delete(followed)
        },
      }
    },
    async catchUp() {
      await Promise.all(Array.from(topics, (topic) => topic.catchUp()))
    },
    heardAt() {
      const heard = Array.from(topics, (topic) => topic.heardAt())
      return heard.includes(undefined) ? undefined : heard.toSorted((one, other) => +one! - +other!)[0]
    },
    async close() {
      await Promise.all(Array.from(topics, (topic) => topic.stop()))
    },
  }
}
