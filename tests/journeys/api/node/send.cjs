// Segment's Node SDK as its own guide uses it: six calls, flushed at the end.
const { Analytics } = require(process.env.SDK)

const failed = []
const analytics = new Analytics({
  writeKey: process.env.WRITE_KEY,
  host: process.env.HOST,
  maxEventsInBatch: Number(process.env.BATCH || 15),
  maxRetries: 5,
})
analytics.on('error', (error) => failed.push(String(error.reason && error.reason.status || error.code)))

analytics.group({ userId: 'okano', groupId: 'ac1', traits: { name: 'みなと製菓' } })
analytics.identify({ userId: 'okano', traits: { email: 'okano@minato.example', roles: ['admin'] } })
analytics.track({
  userId: 'okano', event: 'invoice.created', properties: { amount: 3 }, context: { product: 'app' },
})
analytics.page({ userId: 'okano', category: 'Docs', name: 'Home' })
analytics.track({ anonymousId: 'cookie', event: 'seen' })
analytics.alias({ userId: 'okano.new', previousId: 'okano' })

analytics.closeAndFlush({ timeout: 60_000 }).then(() => {
  console.log(JSON.stringify({ failed }))
})
