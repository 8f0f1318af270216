/** The version of this gt: written into the bundle by the build, and a word of its own when the sources run as they are. */
declare const __GT_VERSION__: string

export const version = (): string => (typeof __GT_VERSION__ === 'string' ? __GT_VERSION__ : '0.0.0-dev')
