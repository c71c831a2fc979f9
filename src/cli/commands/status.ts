import type { CommandModule } from 'yargs';
import { writeJson, type CliContext } from '../context.js';
import { clusterStatusText } from '../display/cluster-status.js';

interface Arguments {
  readonly url: string;
  readonly 'token-file': string;
  readonly 'tls-ca': string | undefined;
  readonly json: boolean | undefined;
}

export const statusCommand = (context: CliContext): CommandModule<object, Arguments> => ({
  command: 'status <url>',
  describe: 'How a run on several workers stands, and who does what',
  builder: (yargs) =>
    yargs
      .positional('url', {
        type: 'string',
        demandOption: true,
        describe: 'Address of the coordinator: ws[s]://HOST:PORT',
      })
      .option('token-file', {
        type: 'string',
        nargs: 1,
        demandOption: true,
        describe: 'File with the token of the run',
      })
      .option('tls-ca', {
        type: 'string',
        nargs: 1,
        describe: "PEM file of the authority to trust at a wss address, instead of the system's",
      })
      .option('json', { type: 'boolean', describe: 'Print as JSON' })
      .example('$0 status ws://10.0.0.1:7333 --token-file token', 'a table of the workers'),
  handler: async ({ url, json, ...argv }) => {
    const product = await context.loadProduct();
    const status = await product.clusterStatus(
      url,
      String(argv['token-file']),
      argv['tls-ca'] ?? null,
    );
    if (json === true) writeJson(context.stdout, status);
    else context.stdout.write(clusterStatusText(status));
  },
});
