import { useQuery } from "@tanstack/react-query"
import type { ReactElement } from "react"

interface Article {
  readonly title: string
  readonly published: Date
}

async function fetchArticles(): Promise<Article[]> {
  const response = await fetch("/api/articles")
  if (!response.ok) throw new Error(`The server answered ${response.status}.`)
  const articles: { title: string; published: string }[] = await response.json()
  return articles.map(({ title, published }) => ({ title, published: new Date(published) }))
}

/** The articles, as new as the network allows. */
export function Articles(): ReactElement {
  const { data, dataUpdatedAt, isFetching, isError, isPaused, refetch } = useQuery({
    queryKey: ["articles"],
    queryFn: fetchArticles,
  })
  const state = isFetching ? "Loading …" : isError || isPaused ? "No network: this is what was kept." : ""
  return (
    <>
      <h1>Articles</h1>
      <p role="status">{state}</p>
      {data && (
        <>
          <ul>
            {data.map(({ title, published }) => (
              <li key={title}>
                {title} <time dateTime={published.toISOString()}>{published.toLocaleDateString()}</time>
              </li>
            ))}
          </ul>
          <p>
            As of{" "}
            <time dateTime={new Date(dataUpdatedAt).toISOString()}>
              {new Date(dataUpdatedAt).toLocaleTimeString()}
            </time>
          </p>
        </>
      )}
      <button type="button" onClick={() => refetch()}>
        Refresh
      </button>
      <footer>Kept: this page works without a network now.</footer>
    </>
  )
}
