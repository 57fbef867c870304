import { Spinner } from "@todo/shared/ui/controls";
import { CheckIcon, InfoIcon } from "@todo/shared/ui/icons";
import type { Step } from "@/lib/protocol";

const LOOKS = {
  loading: { icon: <Spinner />, tone: "bg-sunken text-muted" },
  complete: { icon: <CheckIcon />, tone: "bg-accent-soft text-ink" },
  none: { icon: <InfoIcon />, tone: "bg-warn-soft text-warn" },
};

/** What the assistant does and did, in the backend's words. */
export function Chips({ steps }: { steps: Step[] }) {
  if (steps.length === 0) return null;
  return (
    <ul aria-label="What the assistant did" className="flex max-w-full flex-wrap gap-1.5">
      {steps.map(({ title, status_indicator }, index) => {
        const { icon, tone } = LOOKS[status_indicator ?? "none"];
        return (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: steps never change their order.
            key={index}
            data-testid="chip"
            className={`flex max-w-full items-center gap-1.5 rounded-2xl py-1 pl-2 pr-3 text-xs font-medium ${tone}`}
          >
            {icon}
            <span className="min-w-0 break-words">{title}</span>
          </li>
        );
      })}
    </ul>
  );
}
