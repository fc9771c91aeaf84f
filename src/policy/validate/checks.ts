/** The table of checks. docs/policy-validation.md lists the same, and a test holds the two together. */
import { actionChecks } from './action.js'
import type { Check } from './check.js'
import { conditionActionChecks } from './condition-action.js'
import { conditionKeyChecks } from './condition-key.js'
import { conditionValueChecks } from './condition-value.js'
import { grammarChecks } from './grammar.js'
import { oidcChecks } from './oidc.js'
import { openTrustChecks } from './open-trust.js'
import { organizationChecks } from './organization.js'
import { passRoleChecks } from './pass-role.js'
import { permissiveValueChecks } from './permissive-value.js'
import { principalChecks } from './principal.js'
import { redundancyChecks } from './redundancy.js'
import { resourceChecks } from './resource.js'
import { sizeChecks } from './size.js'
import { sourceAddressChecks } from './source-address.js'
import { structureChecks } from './structure.js'
import { trustChecks } from './trust.js'
import { variableChecks } from './variable.js'

export const checks: readonly Check[] = [
  ...grammarChecks,
  ...structureChecks,
  ...sizeChecks,
  ...actionChecks,
  ...resourceChecks,
  ...principalChecks,
  ...conditionKeyChecks,
  ...conditionValueChecks,
  ...conditionActionChecks,
  ...sourceAddressChecks,
  ...permissiveValueChecks,
  ...variableChecks,
  ...trustChecks,
  ...oidcChecks,
  ...openTrustChecks,
  ...passRoleChecks,
  ...organizationChecks,
  ...redundancyChecks,
]
