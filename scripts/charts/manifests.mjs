// What a chart renders to, as objects.
import { parseAllDocuments } from 'yaml';

/** @typedef {ReturnType<typeof JSON.parse>} Json a document of Kubernetes, whose own schemas say what it may hold */
/**
 * @typedef {{
 *   apiVersion: string;
 *   kind: string;
 *   metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
 *   spec: Json;
 *   automountServiceAccountToken?: boolean;
 * }} Manifest
 */
/** @typedef {{ readonly owner: Manifest; readonly labels: Record<string, string>; readonly spec: Json }} Pod */

/**
 * @param {string} text
 * @returns {Manifest[]}
 */
export function parseManifests(text) {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors[0] !== undefined) throw document.errors[0];
      return document.toJS();
    })
    .filter((manifest) => manifest !== null);
}

/**
 * @param {readonly Manifest[]} manifests
 * @param {string} kind
 */
export const ofKind = (manifests, kind) => manifests.filter((manifest) => manifest.kind === kind);

/** @param {Manifest} manifest */
export const nameOf = ({ kind, metadata }) => `${kind} ${metadata.name}`;

/**
 * The pods that the workloads among them make.
 *
 * @param {readonly Manifest[]} manifests
 * @returns {Pod[]}
 */
export function podsOf(manifests) {
  return manifests.flatMap((owner) => {
    if (owner.kind === 'Pod') return [{ owner, labels: owner.metadata.labels ?? {}, spec: owner.spec }];
    const template = owner.spec?.template;
    return template?.spec?.containers === undefined
      ? []
      : [{ owner, labels: template.metadata?.labels ?? {}, spec: template.spec }];
  });
}

/**
 * @param {Json | undefined} selector a LabelSelector, or a Service's map of labels
 * @param {Record<string, string>} labels
 */
export function selects(selector, labels) {
  if (selector === undefined) return false;
  const { matchLabels, matchExpressions, ...plain } = selector;
  const wanted = matchLabels === undefined && matchExpressions === undefined ? plain : (matchLabels ?? {});
  return (
    Object.entries(wanted).every(([key, value]) => labels[key] === value) &&
    (matchExpressions ?? []).every((/** @type {Json} */ { key, operator, values }) => {
      if (operator === 'In') return values.includes(labels[key]);
      if (operator === 'NotIn') return !values.includes(labels[key]);
      if (operator === 'Exists') return key in labels;
      if (operator === 'DoesNotExist') return !(key in labels);
      throw new Error(`unknown operator ${operator}`);
    })
  );
}
