// `node services/proxy/dist/node` starts a node.
import './main';
