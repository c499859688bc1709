// What every SDK sends here: as many events as COUNT says, of several users, numbered.
export function* events() {
  const { NAME, COUNT, USERS } = process.env
  for (let n = 0; n < Number(COUNT); n++) {
    yield { userId: `${NAME}-${n % Number(USERS)}`, event: "Clicked", properties: { sdk: NAME, n } }
  }
}

// And of somebody who is there before she says who she is: anonymously, by name, with the id of before, and in a company.
export function person() {
  const { NAME } = process.env
  const [userId, anonymousId] = [`${NAME}-anna`, `${NAME}-device`]
  const looked = ["track", { anonymousId, event: "Looked Around" }]
  const identified = ["identify", { userId, traits: { role: "buyer", stripe_customer_id: `cus_${NAME}` } }]
  const aliased = ["alias", { userId, previousId: anonymousId }]
  return [looked, looked, looked, identified, aliased, ["group", { userId, groupId: NAME, traits: { employees: 50 } }]]
}

export const pause = () => new Promise((resolve) => setTimeout(resolve, Number(process.env.PAUSE_MS)))
