/** `gt mail`: letters between agents and people. The verbs are in mail-send.ts, mail-list.ts and mail-read.ts. */
import type { Command } from 'commander'
import type { Context } from './context.ts'
import { action } from './context.ts'
import type { LetterOptions } from './mail-send.ts'
import { collect } from './option-lists.ts'

export function register(program: Command, context: Context): void {
  const mail = program
    .command('mail')
    .description('Letters between agents and people: kept in the ledger, shown to an agent by its hooks.')
    .addHelpText('after', '\nExample:\n  gt mail send app/toast --body "Use the new parser"\n  gt mail inbox')
  action(
    letter(mail.command('send').description('Send one. It waits for whoever has no session now.'))
      .argument('<address...>', 'mayor, person, app/toast, app/crew/max, app/refinery, app, @all, @<group>')
      .option('--reply-to <id>', 'the message that it answers')
      .addHelpText(
        'after',
        '\nExample:\n  gt mail send app/toast -m "The parser moved to src/dates"\n  gt mail send mayor @crew -s "Plan" --body-file plan.md',
      ),
    async (to: string[], options: LetterOptions) => (await import('./mail-send.ts')).sendTo(context, to, options),
  )
  action(
    mail
      .command('inbox')
      .description('Your mail, unread first. Nothing is read by it.')
      .argument('[address]', 'somebody else’s')
      .option('--all', 'all there ever was, archived ones too')
      .addHelpText('after', '\nExample:\n  gt mail inbox\n  gt mail inbox app/crew/max --all'),
    async (address: string | undefined, options: { all?: boolean }) =>
      (await import('./mail-list.ts')).inbox(context, address, options.all === true),
  )
  action(
    mail
      .command('read')
      .description('One message, its thread, and how far it came to whom. If it is for you, you have read it then.')
      .argument('[id]', 'default: the next unread one')
      .addHelpText('after', '\nExample:\n  gt mail read\n  gt mail read hq-x3k9f'),
    async (id: string | undefined) => (await import('./mail-read.ts')).read(context, id),
  )
  action(
    letter(mail.command('reply').description('Answer whoever sent it, in its thread. You have read it then.'))
      .argument('<id>')
      .addHelpText('after', '\nExample:\n  gt mail reply hq-x3k9f -m "Yes, both formats"'),
    async (id: string, options: LetterOptions) => (await import('./mail-send.ts')).reply(context, id, options),
  )
  action(
    mail
      .command('sent')
      .description('What you sent, and how far it came: queued, injected, acknowledged, expired.')
      .option('--all', 'all there ever was, archived ones too')
      .addHelpText('after', '\nExample:\n  gt mail sent'),
    async (options: { all?: boolean }) => (await import('./mail-list.ts')).sent(context, options.all === true),
  )
  action(
    mail
      .command('wait')
      .description('Wait for the next message to you, and print it. Exit 0: it came; 75: the time was up.')
      .option('--from <address>', 'of this sender only; may be given several times', collect)
      .option('--thread <id>', 'of this thread only, named by any of its messages')
      .option('--timeout <time>', 'wait this long at the most, such as 10m')
      .addHelpText('after', '\nExample:\n  gt mail wait --from mayor --timeout 10m'),
    async (options: { from?: string[]; thread?: string; timeout?: string }) =>
      (await import('./mail-read.ts')).wait(context, options),
  )
}

/** What a letter is made of. */
function letter(command: Command): Command {
  return command
    .option('-s, --subject <line>', 'one line (default: the first of the body)')
    .option('-m, --body <text>', 'what is said')
    .option('--body-file <file>', 'the same from a file, or - for standard input')
    .option('--priority <0-4>', '0 and 1 are urgent', '2')
    .option('--type <word>', 'what kind of message, for programs', 'note')
    .option('--data <json>', 'what goes with the type, for programs')
    .option('--expires <time>', 'not shown any more after this long (default: mail.expire of town.toml)')
}
