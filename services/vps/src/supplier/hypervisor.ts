// What hosting needs of whoever runs the machines, in our words. A machine is named after the order that made it, so
// its name is the reference of the purchase; every later call carries the id of our operation or order. A supplier
// whose API knows no such reference (Incus) decides a look-up by the state of the machine, which is why look-up gets
// the whole request again.
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

/** The machine as it is now. */
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

/** `power` as it is now; `sizeGb` of a snapshot that was made. */
export type ActionResult = { readonly power: Power; readonly sizeGb?: number };

export interface Hypervisor {
  readonly name: string;
  readonly isSandbox: boolean;
  /** Makes the machine `spec.name`, once: the same name again is the same machine. */
  create(spec: MachineSpec, signal: AbortSignal): Promise<Outcome<Machine>>;
  lookUpCreate(spec: MachineSpec, signal: AbortSignal): Promise<LookUp<Machine>>;
  read(machine: string, signal: AbortSignal): Promise<MachineReading>;
  readSnapshots(machine: string, signal: AbortSignal): Promise<SnapshotsReading>;
  /** Must not execute one reference twice. An action whose effect is already there is done, not refused. */
  act(reference: string, machine: string, action: MachineAction, signal: AbortSignal): Promise<Outcome<ActionResult>>;
  lookUp(reference: string, machine: string, action: MachineAction, signal: AbortSignal): Promise<LookUp<ActionResult>>;
}
