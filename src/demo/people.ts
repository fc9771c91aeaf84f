/**
 * The people of the demonstration organisation, and the passwords they have in this installation only: made on first
 * start, kept in the data directory, never in the repository. Every demo sign-in source knows the same people.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { RandomBytes } from '../fault.js'

export interface DemoPerson {
  /** Also the stable subject at the demo identity providers. */
  readonly username: string
  readonly displayName: string
  readonly email: string
  readonly department: string
  readonly groups: readonly string[]
  /** The demo identity providers say that this person proved two factors. */
  readonly multiFactor: boolean
  readonly password: string
}

const roster: readonly Omit<DemoPerson, 'password' | 'email'>[] = [
  {
    username: 'ada',
    displayName: 'Ada Lovelace',
    department: 'Engineering',
    groups: ['platform-admins', 'developers'],
    multiFactor: true,
  },
  {
    username: 'grace',
    displayName: 'Grace Hopper',
    department: 'Engineering',
    groups: ['developers'],
    multiFactor: false,
  },
  {
    username: 'alan',
    displayName: 'Alan Turing',
    department: 'Finance',
    groups: ['auditors'],
    multiFactor: false,
  },
  {
    username: 'edsger',
    displayName: 'Edsger Dijkstra',
    department: 'Engineering',
    groups: ['contractors', 'developers'],
    multiFactor: false,
  },
]

export function peopleFile(dataDirectory: string): string {
  return join(dataDirectory, 'demo', 'people.json')
}

/**
 * Reads `<dataDirectory>/demo/people.json` (0600), or creates it. A file that lacks somebody is completed and keeps
 * the passwords it has.
 */
export function demoPeople(dataDirectory: string, random: RandomBytes): readonly DemoPerson[] {
  const file = peopleFile(dataDirectory)
  const known = readPasswords(file)
  const passwords = new Map(roster.map(({ username }) => [username, known.get(username) ?? readable(random)]))
  if (passwords.size !== known.size) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(file, `${JSON.stringify(Object.fromEntries(passwords), undefined, 2)}\n`, { mode: 0o600 })
  }
  return roster.map((person) => ({
    ...person,
    email: `${person.username}@demo.example`,
    password: passwords.get(person.username)!,
  }))
}

function readPasswords(file: string): ReadonlyMap<string, string> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    throw error
  }
  const value: unknown = JSON.parse(text)
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

// Without vowels no word forms by accident, and without 0, 1 and l nothing is misread. 20 letters of 28 are 96 bits.
const letters = '23456789bcdfghjkmnpqrstvwxyz'

function readable(random: RandomBytes): string {
  const drawn: string[] = []
  while (drawn.length < 20) {
    for (const byte of random(32)) {
      // Only whole multiples of the alphabet, or its first letters would come more often.
      if (byte < 252 && drawn.length < 20) drawn.push(letters[byte % letters.length]!)
    }
  }
  return drawn.join('').replace(/.{5}(?=.)/g, '$&-')
}
