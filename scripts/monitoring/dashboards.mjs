// The files of Grafana's dashboards, made from boards.mjs: `node scripts/monitoring.mjs --write`.
import { BOARDS } from './boards.mjs';

/** @typedef {import('./boards.mjs').Board} Board */
/** @typedef {import('./boards.mjs').Panel} Panel */

const PER_ROW = 3;
const WIDTH = 8;
const HEIGHT = 8;

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** The name and the text of each file. */
export function dashboards() {
  return BOARDS.map((board) => ({ name: `${board.uid}.json`, text: `${JSON.stringify(model(board), null, 1)}\n` }));
}

/** @param {Board} board */
function model({ uid, title, rows }) {
  let y = 0;
  let id = 0;
  const panels = rows.flatMap(({ row, panels: inRow }) => {
    const head = {
      id: (id += 1),
      type: 'row',
      title: row,
      collapsed: false,
      gridPos: { h: 1, w: 24, x: 0, y },
      panels: [],
    };
    const first = y + 1;
    y = first + Math.ceil(inRow.length / PER_ROW) * HEIGHT;
    return [
      head,
      ...inRow.map((panel, n) => {
        const at = { x: (n % PER_ROW) * WIDTH, y: first + Math.floor(n / PER_ROW) * HEIGHT };
        return graph((id += 1), panel, { h: HEIGHT, w: WIDTH, ...at });
      }),
    ];
  });
  return {
    uid,
    title,
    tags: ['lumi'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    timezone: 'browser',
    templating: {
      list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus', hide: 0 }],
    },
    panels,
  };
}

/**
 * @param {number} id
 * @param {Panel} panel
 * @param {{ h: number; w: number; x: number; y: number }} gridPos
 */
function graph(id, [title, unit, ...queries], gridPos) {
  return {
    id,
    type: 'timeseries',
    title,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 8, showPoints: 'never' } }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: queries.map(([expr, legendFormat], n) => ({
      refId: String.fromCharCode(65 + n),
      datasource: DATASOURCE,
      expr,
      legendFormat,
    })),
  };
}
