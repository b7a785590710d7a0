import { Stack } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useClient } from '../../app/services.tsx'
import { CopyIcon } from '../../ui/copy.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Busy, Failed } from '../../ui/states.tsx'
import { s3PolicyQuery } from './queries.ts'
import classes from './storage.module.css'
import { addressProblems } from './target-checks.ts'
import { type TargetValues, toPlace } from './target-fields.ts'

type Wanted = { bucket: string; prefix?: string; region: string; kmsKeyId?: string }

/** What of the fields the policy depends on; null until they make sense. */
function wantedOf(values: TargetValues): Wanted | null {
  const wrong = addressProblems('s3', values, { stored: true })
  if (wrong.bucket || wrong.kmsKeyId) return null
  const place = toPlace('s3', values) as Wanted
  const { bucket, prefix, kmsKeyId } = place
  const region = wrong.region ? '' : place.region
  return { bucket, region, ...(prefix ? { prefix } : {}), ...(kmsKeyId ? { kmsKeyId } : {}) }
}

/** The least rights that the access key needs, and the rule that lets browsers send straight to the bucket (T11). */
export function S3Rights({ values }: { values: TargetValues }) {
  const [settled] = useDebouncedValue(JSON.stringify(wantedOf(values)), 300)
  const wanted = JSON.parse(settled) as Wanted | null
  return (
    <Panel title="Rights to give" hint="Made for this bucket and this address of Holdfast, ready to copy.">
      {wanted ? <Documents wanted={wanted} /> : <p className={classes.needsEnd}>Enter the bucket to see its IAM policy and CORS rule.</p>}
    </Panel>
  )
}

function Documents({ wanted }: { wanted: Wanted }) {
  const policy = useQuery(s3PolicyQuery(useClient(), { ...wanted, origin: window.location.origin }))
  if (policy.isError) return <Failed error={policy.error} onRetry={() => policy.refetch()} />
  if (!policy.data) return <Busy>Writing the policy</Busy>
  const { policy: document, cors } = policy.data
  return (
    <Stack gap="md">
      <Snippet title="IAM policy" hint="The least that the access key or role needs." value={document} />
      {cors ? <Snippet title="CORS rule" hint="Needed only where the bucket serves the role Direct." value={cors} /> : null}
    </Stack>
  )
}

type SnippetProps = { readonly title: string; readonly hint: string; readonly value: unknown }

function Snippet({ title, hint, value }: SnippetProps) {
  const text = JSON.stringify(value, null, 2)
  return (
    <div>
      <div className={classes.snippetHead}>
        <div>
          <h3 className={classes.snippetTitle}>{title}</h3>
          <div className={classes.kind}>{hint}</div>
        </div>
        <CopyIcon value={text} label={`Copy ${title}`} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard. */}
      <section className={classes.snippet} tabIndex={0} aria-label={title}>
        <pre>{text}</pre>
      </section>
    </div>
  )
}
