import type { ReactNode, SVGProps } from "react";

function Icon({ children, ...rest }: SVGProps<SVGSVGElement> & { children: ReactNode }) {
  return (
    <svg
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      className="h-5 w-5 shrink-0"
      {...rest}
    >
      {children}
    </svg>
  );
}

export const PencilIcon = () => (
  <Icon>
    <path d="M12.5 4.5l3 3L7 16l-3.5.5L4 13z" />
  </Icon>
);
export const TrashIcon = () => (
  <Icon>
    <path d="M4 6h12M8 6V4h4v2M6 6l.6 10h6.8L14 6M8.5 9v4.5M11.5 9v4.5" />
  </Icon>
);
export const SearchIcon = () => (
  <Icon>
    <circle cx="9" cy="9" r="5" />
    <path d="M13 13l3.5 3.5" />
  </Icon>
);
export const CalendarIcon = () => (
  <Icon className="h-4 w-4 shrink-0">
    <rect x="3.5" y="4.5" width="13" height="12" rx="2" />
    <path d="M3.5 8.5h13M7 3v3M13 3v3" />
  </Icon>
);
export const ChatIcon = () => (
  <Icon>
    <path d="M4 4.5h12a1.5 1.5 0 0 1 1.5 1.5v7a1.5 1.5 0 0 1-1.5 1.5H9L5 17.5v-3H4A1.5 1.5 0 0 1 2.5 13V6A1.5 1.5 0 0 1 4 4.5z" />
  </Icon>
);
export const ListIcon = () => (
  <Icon>
    <path d="M8 5.5h9M8 10h9M8 14.5h9M3 5.5l1 1 1.7-2M3 10l1 1 1.7-2M3 14.5l1 1 1.7-2" />
  </Icon>
);
export const ChevronIcon = () => (
  <Icon className="h-4 w-4 shrink-0">
    <path d="M5.5 8l4.5 4.5L14.5 8" />
  </Icon>
);
export const PlusIcon = () => (
  <Icon>
    <path d="M10 4v12M4 10h12" />
  </Icon>
);
export const SendIcon = () => (
  <Icon>
    <path d="M10 16V4.5M5 9l5-5 5 5" />
  </Icon>
);
export const StopIcon = () => (
  <Icon fill="currentColor" stroke="none">
    <rect x="4" y="4" width="12" height="12" rx="2" />
  </Icon>
);
export const CheckIcon = () => (
  <Icon className="h-4 w-4 shrink-0">
    <path d="M4.5 10.5l3.5 3.5 7.5-8" />
  </Icon>
);
export const InfoIcon = () => (
  <Icon className="h-4 w-4 shrink-0">
    <circle cx="10" cy="10" r="7" />
    <path d="M10 9.5V14M10 6.3v.2" />
  </Icon>
);
export const MenuIcon = () => (
  <Icon>
    <path d="M3.5 6h13M3.5 10h13M3.5 14h8" />
  </Icon>
);

/** The sign of both applications: a ticked card. */
export function Mark({ className = "h-8 w-8" }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden="true">
      <rect width="32" height="32" rx="9" className="fill-accent" />
      <path
        d="M9 16.5l5 5 9.5-11"
        fill="none"
        className="stroke-on-accent"
        strokeWidth="3"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
