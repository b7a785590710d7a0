import type { TargetTest, TestStep } from '@holdfast/api'
import { formatMilliseconds } from '../../ui/format.ts'
import { Notice } from '../../ui/notice.tsx'
import { ToneIcon } from '../../ui/status-badge.tsx'
import classes from './storage.module.css'

/** Test connection in words: while it runs, and when all of it went well. */
export const probing = 'Writing, reading back and comparing a probe'
export const probePassed = 'A sealed probe was written, read back, compared and removed.'

/** How a test of a connection went: the verdict, and each step with its time, result and remedy. */
export function TestOutcome({ outcome, passed = probePassed }: { outcome: TargetTest; passed?: string }) {
  const failed = outcome.steps.find((step) => !step.ok)
  const title = outcome.ok ? 'Every step passed' : `Failed at: ${failed?.name ?? 'the connection'}`
  return (
    <>
      <Notice tone={outcome.ok ? 'good' : 'bad'} live title={title}>
        {outcome.ok ? passed : 'The steps below say why, and what to do about it.'}
      </Notice>
      <TestSteps steps={outcome.steps} />
    </>
  )
}

export const TestSteps = ({ steps }: { steps: readonly TestStep[] }) => (
  <ol className={classes.steps} aria-label="Steps">
    {steps.map((step) => (
      <Step key={step.name} step={step} />
    ))}
  </ol>
)

function Step({ step }: { step: TestStep }) {
  return (
    <li className={classes.step} data-ok={step.ok}>
      <ToneIcon tone={step.ok ? 'good' : 'bad'} size={19} />
      <span>
        {step.name}: {step.ok ? 'passed' : 'failed'}
      </span>
      <span className="hf-number">{formatMilliseconds(step.milliseconds)}</span>
      {step.detail ? <span className={classes.stepDetail}>{step.detail}</span> : null}
      {step.remedy ? <span className={classes.remedy}>{step.remedy}</span> : null}
    </li>
  )
}
