/** What `gt formula new` writes: a formula that is valid as it stands, with a comment at every part that one will change. */
import { quote } from '../../town/toml-text.ts'
import type { FormulaType } from './formula.ts'

/** The text of a new formula's file. `schema`: a JSON Schema beside it, for editors that know `#:schema`. */
export function skeleton(name: string, type: FormulaType, schema?: string): string {
  const first = schema === undefined ? '' : `#:schema ${schema}\n`
  return `${first}${HEAD(name, type)}\n${BODY[type]}`
}

const HEAD = (name: string, type: FormulaType): string => `# Check it: gt formula validate ${name}
formula = ${quote(name)}
type = "${type}"
version = 1
description = """
What this is for, in one line.

What whoever does it should know before the first step."""
`

const VARIABLES = `# What it must be told. Written {{topic}} in the texts below.
[vars.topic]
description = "What it is about"
required = true
# default = "…"
# enum = ["one", "two"]
# pattern = "^[a-z]+$"
`

const BODY: Record<FormulaType, string> = {
  workflow: `${VARIABLES}
# Steps are done in the order of their needs; each is a checkpoint.
[[steps]]
id = "plan"
title = "Plan {{topic}}"
description = """
What to do, and how one sees that it is done."""

[[steps]]
id = "do"
title = "Do it"
needs = ["plan"]
acceptance = "What must be true at the end"
# condition = "{{topic}} != docs"                 leaves the step out unless it holds
# gate = { type = "human" }                       waits before the step begins

[[steps]]
id = "check"
title = "Check it"
needs = ["do"]
`,
  convoy: `[inputs.topic]
description = "What it is about"
required = true

# What every leg is told.
[prompts]
base = """
Look at {{topic}} with this in mind: {{.leg.focus}}

{{.leg.description}}"""

# Each leg goes to a worker of its own; they work at the same time.
[[legs]]
id = "first"
title = "First view"
focus = "One side of it"
description = "What to look for."

[[legs]]
id = "second"
title = "Second view"
focus = "Another side of it"
description = "What to look for."

# Named choices of legs.
[presets.short]
description = "One view only"
legs = ["first"]

# Made when the legs are done.
[synthesis]
title = "Bring it together"
description = "What to make of what the legs found."
depends_on = ["first", "second"]
`,
  expansion: `# Takes the place of a step of another formula, which {target} stands for. Whatever needs that step waits for the last
# of these.
[[template]]
id = "{target}.draft"
title = "Draft: {target.title}"
description = "{target.description}"

[[template]]
id = "{target}.review"
title = "Review: {target.title}"
needs = ["{target}.draft"]
`,
  aspect: `# Steps that are put before and after steps of another formula, which {step.id} stands for.
[[advice]]
# A glob over the ids of steps.
target = "*"

[advice.before]
id = "{step.id}-before"
title = "Before {step.title}"
description = "What to see to before the step begins."

[advice.after]
id = "{step.id}-after"
title = "After {step.title}"
description = "What to see to once the step is done."
`,
}
