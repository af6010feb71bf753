// Shows one of the two OpenAPI documents of this space; the page is at /_mock/docs, so URLs are relative to /_mock/.
const DOCUMENTS = { control: 'openapi.json', adobe: '../openapi.json' };

const wanted = new URLSearchParams(location.search).get('api');
const api = Object.hasOwn(DOCUMENTS, wanted) ? wanted : 'control';
document.querySelector(`[data-api="${api}"]`).setAttribute('aria-current', 'page');

const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();

SwaggerUIBundle({
  url: DOCUMENTS[api],
  dom_id: '#api',
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null, // no request to another host
  syntaxHighlight: { activated: true },
  tryItOutEnabled: true,
});
