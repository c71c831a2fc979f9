import type { CommandModule } from 'yargs';
import { writeJson, type CliContext } from '../context.js';
import { clusterStatusText } from '../display/cluster-status.js';

interface Arguments {
  readonly url: string;
  readonly 'token-file': string;
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
        describe: 'Address of the coordinator: ws://HOST:PORT',
      })
      .option('token-file', {
        type: 'string',
        nargs: 1,
        demandOption: true,
        describe: 'File with the token of the run',
      })
      .option('json', { type: 'boolean', describe: 'Print as JSON' })
      .example('$0 status ws://10.0.0.1:7333 --token-file token', 'a table of the workers'),
  handler: async ({ url, json, ...argv }) => {
    const product = await context.loadProduct();
    const status = await product.clusterStatus(url, String(argv['token-file']));
    if (json === true) writeJson(context.stdout, status);
    else context.stdout.write(clusterStatusText(status));
  },
});
