import { render } from 'preact';
import { openSession } from './net/session.ts';
import 'uplot/dist/uPlot.min.css';
import './style/tokens.css';
import './style/base.css';
import './style/frame.css';
import './style/cards.css';
import './style/canal.css';
import './style/stages.css';
import './style/charts.css';
import './style/screens.css';
import './style/data.css';
import './style/decisions.css';
import './style/runbooks.css';
import './style/phone.css';
import { App } from './view/app.tsx';

const root = document.getElementById('app');
if (root) render(<App session={openSession()} />, root);
