// The interface of the supplier that runs the machines, in our terms. A machine is named after the order that made it,
// so its name is the reference of the purchase. Every later call carries the id of our operation or order. A supplier
// whose API has no such reference (Incus) answers a look-up from the state of the machine; therefore a look-up gets the
// whole request again.
import type { LookUp, Outcome } from '@lumi/shared/purchase';

export type Power = 'running' | 'stopped' | 'paused' | 'unknown';

export interface MachineSize {
  readonly planId: string;
  readonly vcpu: number;
  readonly ramMb: number;
  readonly diskGb: number;
}

export interface MachineSpec {
  readonly name: string;
  readonly hostname: string;
  readonly locationId: string;
  readonly size: MachineSize;
  readonly imageId: string;
  readonly sshKeys: readonly string[];
  /** Bytes: text or an archive. */
  readonly userData: Uint8Array | null;
  readonly rootPassword: string | null;
  readonly start: boolean;
}

export type MachineAddress = {
  readonly ip: string;
  readonly version: 4 | 6;
  readonly rdns: string | null;
  readonly primary: boolean;
};

export type Machine = {
  readonly power: Power;
  readonly addresses: readonly MachineAddress[];
  readonly gateway: string | null;
};

/** The present state of the machine. */
export type MachineReading =
  | { readonly kind: 'found'; readonly machine: Machine }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly cause?: unknown };

/** The snapshots that the machine has, by the ids they were taken under. */
export type SnapshotsReading =
  | { readonly kind: 'found'; readonly snapshots: readonly { readonly id: string; readonly sizeGb: number }[] }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly cause?: unknown };

export type MachineAction =
  | { readonly action: 'start' | 'stop' | 'shutdown' | 'reboot' | 'reset' | 'suspend' | 'resume' | 'delete' }
  | {
      readonly action: 'rebuild';
      readonly imageId: string;
      readonly sshKeys: readonly string[];
      readonly userData: Uint8Array | null;
      readonly rootPassword: string | null;
    }
  | { readonly action: 'reset-password'; readonly rootPassword: string }
  | { readonly action: 'resize'; readonly size: MachineSize }
  | { readonly action: 'create-snapshot' | 'restore-snapshot' | 'delete-snapshot'; readonly snapshotId: string }
  | { readonly action: 'set-rdns'; readonly ip: string; readonly ptr: string | null };

/** The present `power`; `sizeGb` of a snapshot that was made. */
export type ActionResult = { readonly power: Power; readonly sizeGb?: number };

export interface Hypervisor {
  readonly name: string;
  readonly isSandbox: boolean;
  /** Makes the machine `spec.name`, once: a second call with the same name finds the same machine. */
  create(spec: MachineSpec, signal: AbortSignal): Promise<Outcome<Machine>>;
  lookUpCreate(spec: MachineSpec, signal: AbortSignal): Promise<LookUp<Machine>>;
  read(machine: string, signal: AbortSignal): Promise<MachineReading>;
  readSnapshots(machine: string, signal: AbortSignal): Promise<SnapshotsReading>;
  /** Must not execute one reference twice. An action whose effect already exists is done, not refused. */
  act(reference: string, machine: string, action: MachineAction, signal: AbortSignal): Promise<Outcome<ActionResult>>;
  lookUp(reference: string, machine: string, action: MachineAction, signal: AbortSignal): Promise<LookUp<ActionResult>>;
}
